"""Pure analysis of foreign text: cleaning, masking, triage; and suggestions for our own."""
