struct Unlabelled;

fn question_mark() -> Result<usize, Unlabelled> {
    let pages = ragspan::span!("parsing", layer = "ingestion", || Ok(7))?;
    Ok(pages)
}

async fn awaited() -> Result<usize, Unlabelled> {
    ragspan::span!("parsing", layer = "ingestion", async || Ok(7)).await
}

fn expected() -> Result<usize, Unlabelled> {
    ragspan::span!("parsing", layer = "ingestion", || Ok(7))
}

fn declared() -> Result<usize, Unlabelled> {
    let pages = ragspan::span!("parsing", layer = "ingestion", || -> Result<_, Unlabelled> { Ok(7) })?;
    Ok(pages)
}

fn main() {
    let _ = (question_mark(), awaited(), expected(), declared());
}
