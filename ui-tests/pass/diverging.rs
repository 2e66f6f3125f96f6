//! Bodies that diverge warn no more than they do without the attribute.

#![deny(warnings)]
#![allow(dead_code)]

use ragspan::rag_span;

struct Planner(String);

#[rag_span(layer = "data")]
fn plan(query: String) -> u32 {
    drop(query);
    todo!()
}

#[rag_span(layer = "data")]
async fn later(query: String, limit: usize) -> Result<u32, String> {
    drop(query);
    panic!("no plan for {limit}")
}

#[rag_span(layer = "data")]
#[track_caller]
fn tracked(_query: String) -> u32 {
    unimplemented!()
}

impl Planner {
    #[rag_span(layer = "data")]
    fn run(self, (first, _rest): (String, Vec<u8>)) -> u32 {
        drop((self, first));
        loop {
            std::thread::park();
        }
    }
}

fn main() {}
