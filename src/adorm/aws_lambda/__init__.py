"""Internal: what is behind `lambda_runtime.py`: the loop, warm-up, snapshots, figures."""
