"""BERT-family multi-vector encoders in MLX, and the compute backend they run on."""
