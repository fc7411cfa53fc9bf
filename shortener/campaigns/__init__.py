"""Campaign files that people upload: checked before anything is stored, then preprocessed as a job."""
