"""Internal: `connect("moto")`, moto's DynamoDB inside the process."""
