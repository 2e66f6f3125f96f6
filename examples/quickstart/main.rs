//! The quickstart: a RAG service over a folder of documents, instrumented from end to end. See its README.
#![allow(
    unreachable_pub,
    reason = "in a program `pub` is the short form of `pub(crate)`"
)]

mod answer;
mod ask;
mod chunk;
mod corpus;
mod embed;
mod evaluate;
mod generate;
mod ingest;
mod library;
mod memory;
mod next;
#[cfg(feature = "openai")]
mod openai;
mod parse;
mod prompt;
mod quote;
mod report;
mod retrieve;
mod serve;
mod summary;
mod telemetry;
mod tokens;
mod words;

use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::anyhow;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use ragspan::prices::Prices;
use ragspan::telemetry::ShutdownReport;
use ragspan::{Telemetry, TraceId};
use tokio::net::TcpListener;

use crate::answer::Service;
use crate::ask::{DEFAULT_QUESTIONS, Reply, ask_all, questions_about};
use crate::corpus::Corpus;
use crate::generate::{Generator, OFFLINE_HINT};
use crate::ingest::{Ingested, ingest};
use crate::next::write_next;
use crate::report::Page;
use crate::serve::{App, router};
use crate::summary::Summary;

/// Ingest a folder of documents, answer questions about it, and show what was recorded meanwhile.
#[derive(Debug, Parser)]
#[command(name = "quickstart", version)]
struct Args {
    /// The folder of Markdown and text files; default: the documentation of this repository
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,

    /// A question to ask; may be given several times; default: some questions of two users
    #[arg(long = "question", value_name = "TEXT")]
    questions: Vec<String>,

    /// The database that the records are written to
    #[arg(long, value_name = "PATH", default_value = "ragspan.db")]
    db: PathBuf,

    /// A table of model prices, as `ragspan prices import` writes it; default: no prices
    #[arg(long, value_name = "PATH")]
    prices: Option<PathBuf>,

    /// Write the records to standard output as JSON lines, and nothing else
    #[arg(long)]
    json: bool,

    /// Stay up as an HTTP service: POST /query, GET /metrics, GET /health
    #[arg(long, conflicts_with = "questions")]
    serve: bool,

    /// The port of the service on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 8000, requires = "serve")]
    port: u16,
}

/// The result of a run.
struct Done {
    /// The first trace of the run, the ingestion's.
    first: Option<TraceId>,
    replies: Vec<Reply>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that stops after the first lines, such as `head`, is not an error.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, only the exit code reports the failure.
            let _printed = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

async fn run(args: Args) -> anyhow::Result<()> {
    let prices = args.prices.as_ref().map(Prices::from_file).transpose()?;
    let prices = prices.unwrap_or_default();
    let telemetry = telemetry::start(&args.db, prices.clone(), args.json)?;
    let mut page = Page::new(args.json);
    let outcome = work(&args, prices, &telemetry, &mut page).await;
    // Shuts down after a failure too: the records up to it show the cause.
    let report = telemetry::shutdown(telemetry).await;
    let done = outcome?;
    if args.json {
        report.iter().for_each(ShutdownReport::report);
    } else {
        conclude(&args.db, &mut page, done, report.as_ref()).await?;
    }
    Ok(page.out.flush()?)
}

async fn work(
    args: &Args,
    prices: Prices,
    telemetry: &Arc<Telemetry>,
    page: &mut Page,
) -> anyhow::Result<Done> {
    // Otherwise the first request would wait for the table of tokens.
    let warming_up = std::thread::spawn(tokens::warm_up);
    let generator = Generator::from_env()?;
    let Ingested {
        library, trace_id, ..
    } = ingested(args, page)?;
    if generator.is_offline() {
        page.hint(OFFLINE_HINT)?;
    }
    warming_up
        .join()
        .map_err(|_| anyhow!("the table of tokens is broken"))?;
    let service = Arc::new(Service::new(library, generator, prices));
    let mut replies = Vec::new();
    if args.serve {
        let telemetry = Arc::downgrade(telemetry);
        serve_until_terminated(args.port, App { service, telemetry }, page).await?;
    } else {
        replies = ask_all(&service, &questions(args, &service)).await;
        replies.iter().try_for_each(|reply| page.reply(reply))?;
    }
    Ok(Done {
        first: trace_id,
        replies,
    })
}

fn ingested(args: &Args, page: &mut Page) -> anyhow::Result<Ingested> {
    let corpus = match &args.corpus {
        Some(folder) => Corpus::folder(folder)?,
        None => Corpus::of_workspace(&std::env::current_dir()?)?,
    };
    let began = Instant::now();
    // The bar is shown only if standard error is a terminal.
    let style = ProgressStyle::with_template("ingesting {msg}  {bar:20} {pos}/{len} files")?;
    let bar = ProgressBar::new(0)
        .with_style(style)
        .with_message(corpus.name());
    let ingested = ingest(&corpus, &bar)?;
    page.ingested(&corpus.name(), &ingested, began.elapsed())?;
    Ok(ingested)
}

fn questions(args: &Args, service: &Service) -> Vec<String> {
    match &args.corpus {
        _ if !args.questions.is_empty() => args.questions.clone(),
        Some(_) => questions_about(&service.library),
        None => DEFAULT_QUESTIONS.map(str::to_owned).to_vec(),
    }
}

async fn serve_until_terminated(port: u16, app: App, page: &mut Page) -> io::Result<()> {
    let terminated = ragspan::terminated();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    page.serving(address)?;
    writeln!(io::stderr(), "listening on http://{address}")?;
    let server = axum::serve(listener, router(app));
    server.with_graceful_shutdown(terminated).await
}

/// Prints a summary of the records, their number, and commands to query them.
async fn conclude(
    db: &Path,
    page: &mut Page,
    done: Done,
    report: Option<&ShutdownReport>,
) -> anyhow::Result<()> {
    if let Some(first) = done.first {
        Summary::read(db, first)
            .await?
            .write(&mut page.out, &page.style)?;
    }
    let sinks = report.map_or(&[][..], ShutdownReport::sinks);
    if let Some(sqlite) = sinks.iter().find(|sink| sink.sink == "sqlite") {
        page.written(db, sqlite.delivered, sqlite.dropped + sqlite.pending)?;
    }
    if done.replies.is_empty() {
        writeln!(page.out)?;
    } else {
        writeln!(page.out, ". Next:")?;
        write_next(page, db, &done.replies)?;
    }
    Ok(())
}
