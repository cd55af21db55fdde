"""From scored candidates to the list that is shown: diversity and business rules, in the graph."""

from kit.reranking._apply_boosts import apply_boosts as apply_boosts
from kit.reranking._diversify import diversify as diversify
