"""How good a network is: training, the final fit, and the accuracy of the int8 file."""
