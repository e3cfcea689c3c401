"""Internal: AWS Lambda: what is behind `lambda_runtime.py`, and handlers of its batches and of SQS."""
