"""Evaluation of what is written: measures, baselines, the report."""

from kit.evaluation.pairs._baselines import summary_baselines as summary_baselines
from kit.evaluation.pairs._baselines import translation_baselines as translation_baselines
from kit.evaluation.pairs._bleu_tokenizer import BLEU_TOKENIZERS as BLEU_TOKENIZERS
from kit.evaluation.pairs._bleu_tokenizer import bleu_tokenizer as bleu_tokenizer
from kit.evaluation.pairs._generated_texts import GeneratedTexts as GeneratedTexts
from kit.evaluation.pairs._report import PairReport as PairReport
from kit.evaluation.pairs._report import pair_protocol as pair_protocol
from kit.evaluation.pairs._report import pair_report as pair_report
from kit.evaluation.pairs._sentence_scores import sentence_scores as sentence_scores
from kit.evaluation.pairs._summaries import Summaries as Summaries
from kit.evaluation.pairs._token_accuracy import token_accuracy as token_accuracy
from kit.evaluation.pairs._translations import Translations as Translations
