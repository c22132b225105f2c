"""Fine-tuning a network of BERT's kind on six emotions, as in the paper of delta-GClip, where its files are."""
