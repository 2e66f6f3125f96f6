//! The quickstart: a RAG service over a folder of documents, instrumented from end to end.

use std::error::Error;
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use ragspan_examples::answer::Service;
use ragspan_examples::corpus::{Corpus, CorpusError};
use ragspan_examples::generate::{Generator, OFFLINE_HINT};
use ragspan_examples::ingest::ingest;
use ragspan_examples::program::{
    Conversation, Reply, ask_all, conversations_of, default_conversations, questions_about,
};
use ragspan_examples::progress::Bar;
use ragspan_examples::serve::{App, serve, terminated};
use ragspan_examples::telemetry_seam::{self, Telemetry};
use ragspan_examples::{report, tokens};
use tokio::net::TcpListener;

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

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        // Who reads only the first lines, as `head` does, has seen what there was to see.
        Err(error) if is_broken_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut stderr = io::stderr().lock();
            // Where standard error is closed the exit code must say it alone.
            let _unheard = write_error(&mut stderr, error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn write_error(out: &mut dyn Write, error: &(dyn Error + 'static)) -> io::Result<()> {
    write!(out, "error: {error}")?;
    let mut cause = error.source();
    while let Some(deeper) = cause {
        write!(out, ": {deeper}")?;
        cause = deeper.source();
    }
    writeln!(out)
}

async fn run(args: Args) -> Result<(), Box<dyn Error>> {
    let options = telemetry_seam::Options {
        db: args.db.clone(),
        json: args.json,
    };
    let telemetry = Arc::new(telemetry_seam::start(options)?);
    let mut out = human(&args);
    let outcome = work(&args, &telemetry, &mut out).await;
    // Also where the work failed: what was recorded until then says why.
    let delivered = telemetry.shutdown().await;
    let replies = outcome?;
    if let Some(delivered) = delivered {
        writeln!(out, "\n{delivered}")?;
    }
    if !replies.is_empty() {
        report::write_next(&mut out, &replies)?;
    }
    Ok(out.flush()?)
}

async fn work(
    args: &Args,
    telemetry: &Arc<Telemetry>,
    out: &mut (dyn Write + Send),
) -> Result<Vec<Reply>, Box<dyn Error>> {
    let service = Arc::new(service(args, out)?);
    if args.serve {
        let app = App {
            service,
            telemetry: Arc::clone(telemetry),
        };
        serve_until_terminated(args.port, app).await?;
        return Ok(Vec::new());
    }
    let replies = ask_all(&service, conversations(args, &service)).await;
    for reply in &replies {
        report::write_reply(out, reply)?;
    }
    telemetry.write_summary(out).await?;
    Ok(replies)
}

async fn serve_until_terminated(port: u16, app: App) -> io::Result<()> {
    let terminated = terminated()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    writeln!(io::stderr(), "listening on http://{address}")?;
    serve(listener, Arc::new(app), terminated).await
}

/// Where the human reads: standard output, or nowhere if the records have it for themselves.
fn human(args: &Args) -> Box<dyn Write + Send> {
    if args.json {
        Box::new(io::sink())
    } else {
        Box::new(io::stdout())
    }
}

fn service(args: &Args, out: &mut dyn Write) -> Result<Service, Box<dyn Error>> {
    // Counting the first tokens would otherwise wait for the table.
    let warming_up = std::thread::spawn(tokens::warm_up);
    let generator = Generator::from_vars(|name| std::env::var(name).ok())?;
    let corpus = corpus(args)?;
    let began = Instant::now();
    let shown = args.corpus.clone().unwrap_or_else(|| PathBuf::from("."));
    let ingested = ingest(&corpus, &Bar::new(&shown.display().to_string()))?;
    let (documents, chunks) = (ingested.documents, ingested.library.len());
    report::write_ingested(out, &shown, documents, chunks, began.elapsed())?;
    if generator.is_offline() {
        writeln!(out, "{OFFLINE_HINT}")?;
    }
    warming_up.join().map_err(|_| "the token table is broken")?;
    Ok(Service::new(ingested.library, generator))
}

fn corpus(args: &Args) -> Result<Corpus, Box<dyn Error>> {
    let corpus = match &args.corpus {
        Some(folder) => Corpus::folder(folder),
        None => Corpus::of_workspace(&std::env::current_dir()?),
    };
    Ok(corpus.map_err(Box::<CorpusError>::new)?)
}

fn conversations(args: &Args, service: &Service) -> Vec<Conversation> {
    if !args.questions.is_empty() {
        conversations_of(&args.questions)
    } else if args.corpus.is_some() {
        conversations_of(&questions_about(service.library()))
    } else {
        default_conversations()
    }
}
