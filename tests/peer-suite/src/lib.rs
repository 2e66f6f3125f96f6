//! Empty; `scripts/peer-suite` adds the tests.
