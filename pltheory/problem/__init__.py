"""What is studied: networks, data, the loss, and the step rules of the optimizers."""
