"""The vocabulary that plugins see: domains, tasks, strategies, backbones, predictors."""
