"""What every command shares: options, tables, and how a failure ends."""

from kit.console._answer_options import AnswerOptions as AnswerOptions
from kit.console._answer_options import answer_options as answer_options
from kit.console._checkpoint_options import CheckpointOptions as CheckpointOptions
from kit.console._checkpoint_options import checkpoint_options as checkpoint_options
from kit.console._command import Command as Command
from kit.console._command_line import command_line as command_line
from kit.console._detection_options import DetectionOptions as DetectionOptions
from kit.console._detection_options import detection_options as detection_options
from kit.console._image_options import ImageOptions as ImageOptions
from kit.console._image_options import image_options as image_options
from kit.console._image_training_options import ImageTrainingOptions as ImageTrainingOptions
from kit.console._image_training_options import image_training_options as image_training_options
from kit.console._options import DataOptions as DataOptions
from kit.console._options import IndexOptions as IndexOptions
from kit.console._options import TrainingOptions as TrainingOptions
from kit.console._options import data_options as data_options
from kit.console._options import index_options as index_options
from kit.console._options import source_argument as source_argument
from kit.console._options import training_options as training_options
from kit.console._options import training_options_of as training_options_of
from kit.console._table_options import TableOptions as TableOptions
from kit.console._table_options import show_schema as show_schema
from kit.console._table_options import table_options as table_options
from kit.console._tables import print_comparison as print_comparison
from kit.console._tables import print_table as print_table
from kit.console._tensorflow import quiet_tensorflow as quiet_tensorflow
