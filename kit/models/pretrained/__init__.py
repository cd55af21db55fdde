"""Pretrained backbones of Keras Hub: image and text encoders, BART and T5."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.models.pretrained._bart import BartWriter as BartWriter
    from kit.models.pretrained._images import PretrainedEncoder as PretrainedEncoder
    from kit.models.pretrained._images import pretrained_encoder as pretrained_encoder
    from kit.models.pretrained._images import pretrained_image_size as pretrained_image_size
    from kit.models.pretrained._load_seq2seq import PretrainedWriter as PretrainedWriter
    from kit.models.pretrained._load_seq2seq import pretrained_writer as pretrained_writer
    from kit.models.pretrained._preset import add_lora as add_lora
    from kit.models.pretrained._preset import preset_byte_pairs as preset_byte_pairs
    from kit.models.pretrained._preset import read_preset as read_preset
    from kit.models.pretrained._seq2seq import PretrainedSeq2Seq as PretrainedSeq2Seq
    from kit.models.pretrained._t5 import T5Writer as T5Writer
    from kit.models.pretrained._texts import BackboneEncoder as BackboneEncoder
    from kit.models.pretrained._texts import PretrainedTextEncoder as PretrainedTextEncoder
    from kit.models.pretrained._texts import pretrained_text_encoder as pretrained_text_encoder

__getattr__, __dir__ = lazy_names(__name__, __file__)
