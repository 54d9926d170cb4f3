"""What follows the trials: finalists, the final training, the choice of the winner and its build."""
