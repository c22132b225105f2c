"""What is studied: networks, data and the loss."""
