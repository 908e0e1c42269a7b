"""One file a question: ratios against a floor that is measured in the same run; results are in docs/benchmarks.md."""
