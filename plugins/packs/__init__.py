"""Industry packs: KPIs, scorecards and plan templates as data, and the reader that checks them."""
