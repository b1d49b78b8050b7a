"""Authentication: whose Qarnot key a call uses, by header (mode `key`) or by sign-in (mode `oauth`)."""
