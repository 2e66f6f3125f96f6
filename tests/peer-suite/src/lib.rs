//! Nothing but tests, which `scripts/peer-suite` brings.
