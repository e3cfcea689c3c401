"""Internal: AWS Lambda: what is behind `lambda_runtime.py`, handlers of batches and of SQS."""
