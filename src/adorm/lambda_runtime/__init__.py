"""adorm inside AWS Lambda: an entry point that keeps loop and connections, deadlines, warm-up, SnapStart, figures."""
