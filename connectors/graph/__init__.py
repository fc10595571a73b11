"""What Facebook, Instagram, Threads and WhatsApp share of Meta's Graph API. It is no network: nobody registers it."""
