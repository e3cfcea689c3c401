"""Conditions, updates and projections, and how they become DynamoDB's expressions.

Every attribute name in an expression's text is a placeholder `#n...`, every value `:v...`:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ExpressionAttributeNames.html
"""
