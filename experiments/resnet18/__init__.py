"""ResNet-18 on CIFAR-10, as in the paper of delta-GClip, where its files and a GPU are."""
