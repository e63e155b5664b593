//! Reports in their formats: pure functions of what was found.
