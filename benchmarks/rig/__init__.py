"""What measuring needs: platforms and a model on this machine, the bots as processes of their own, and their costs."""
