"""Internal: how Python values become DynamoDB's attribute maps and come back."""
