"""Training with Lightning: what GRPO (`grpo`), the cold start (`sft`) and TRL's trainer (`trl`) share, and these."""
