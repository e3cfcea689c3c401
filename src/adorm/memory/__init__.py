"""A strict DynamoDB inside the process: what `adorm.connect("memory")` and `python -m adorm.memory`
serve."""
