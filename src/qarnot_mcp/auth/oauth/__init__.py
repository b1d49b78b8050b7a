"""The sign-in of mode `oauth`: an authorization server of our own."""
