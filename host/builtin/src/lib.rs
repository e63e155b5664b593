//! The built-in policies: made, checked, precompiled and embedded by the build.
