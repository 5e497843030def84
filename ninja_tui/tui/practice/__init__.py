"""Practice in the app: the deck is kept, sessions are watched for what belongs in it, and what is due is told."""
