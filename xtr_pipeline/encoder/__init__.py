"""Multi-vector encoders (BERT, MPNet, T5) in MLX, and the compute backend they run on."""
