"""Internal: the messages of SQS, as Lambda gives them to a function."""
