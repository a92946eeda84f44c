"""Storage of the user's own, for vendors that fetch a picture from a link; boto3 is imported when it is used."""
