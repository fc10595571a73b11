"""What Hark shows in Slack: pure builders of Block Kit from a case. No I/O, no clock, no Slack client."""
