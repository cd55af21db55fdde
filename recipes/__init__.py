"""Recipes: each is one file from a source to a SavedModel, to read and to copy."""

RECIPES = {
    "auto": "kit.recipes.auto",
    "customer-value": "kit.recipes.customer_value",
    "forecasting": "kit.recipes.forecasting",
    "image-classification": "kit.recipes.image_classification",
    "linear": "kit.recipes.linear",
    "object-detection": "kit.recipes.object_detection",
    "ranking": "kit.recipes.ranking",
    "sequential": "kit.recipes.sequential",
    "summarization": "kit.recipes.summarization",
    "text-classification": "kit.recipes.text_classification",
    "translation": "kit.recipes.translation",
    "two-stage": "kit.recipes.two_stage",
    "two-tower": "kit.recipes.two_tower",
    "uplift": "kit.recipes.uplift",
}
