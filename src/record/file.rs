//! Records as JSON lines: written as requests finish, so that a killed run loses nothing that was measured.
