"""Pure analysis of foreign text: cleaning, masking, triage, wording."""
