"""Recipes: each is one file from a source to a SavedModel, to read and to copy."""

RECIPES = {
    "image-classification": "recipes.image_classification",
    "object-detection": "recipes.object_detection",
    "ranking": "recipes.ranking",
    "sequential": "recipes.sequential",
    "summarization": "recipes.summarization",
    "text-classification": "recipes.text_classification",
    "translation": "recipes.translation",
    "two-stage": "recipes.two_stage",
    "two-tower": "recipes.two_tower",
}
