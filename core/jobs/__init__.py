"""Work that outlives the page: starting, watching and ending the processes that train."""
