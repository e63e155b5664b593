//! From violations to findings: checked, cleaned, located, masked.
