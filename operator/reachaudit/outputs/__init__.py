"""What the operator tells: metrics, Events, health. I/O at the edge."""
