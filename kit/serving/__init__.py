"""A local server that speaks TensorFlow Serving's protocols, and its clients.

What needs TensorFlow is imported when a server starts: asking one over REST does not need it.
"""

from kit.serving._client import RestClient as RestClient
from kit.serving._client import columns as columns
from kit.serving._limits import Limits as Limits
from kit.serving._log import log_to_stderr as log_to_stderr
from kit.serving._server import Server as Server
