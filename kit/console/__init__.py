"""What every command shares: options, tables, and how a failure ends."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.console._command import Command as Command
    from kit.console._command import Group as Group
    from kit.console._command import command_line as command_line
    from kit.console._command import quiet_tensorflow as quiet_tensorflow
    from kit.console._from_options import options as options
    from kit.console._from_options import recipe_options as recipe_options
    from kit.console._run_folders import RunFolders as RunFolders
    from kit.console._run_folders import claim_folders as claim_folders
    from kit.console._tables import COMPARED as COMPARED
    from kit.console._tables import Evaluated as Evaluated
    from kit.console._tables import comparison_rows as comparison_rows
    from kit.console._tables import print_comparison as print_comparison
    from kit.console._tables import print_rows as print_rows
    from kit.console._tables import print_table as print_table
    from kit.console._tables import verified as verified
    from kit.console._terminal import echo as echo
    from kit.console._terminal import echo_json as echo_json
    from kit.console._terminal import json_text as json_text
    from kit.console._terminal import visible as visible
    from kit.console._terminal import visible_json as visible_json
    from kit.console._warn import warn as warn

__getattr__, __dir__ = lazy_names(__name__, __file__)
