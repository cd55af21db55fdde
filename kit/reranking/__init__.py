"""From scored candidates to the list that is shown: diversity and business rules, in the graph."""

from kit.reranking._boosted import boosted as boosted
from kit.reranking._chosen import chosen as chosen
