"""Where the state of a platform is kept: in memory, or in a store that several servers share."""
